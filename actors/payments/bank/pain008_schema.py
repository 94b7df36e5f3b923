"""The part of pain.008 that SEPA direct debits use, as a schema of its own.

Every file that this schema accepts is valid against the full ISO 20022 message too: same names, order, types and lengths;
what the EPC rulebooks leave out of the message is left out here, and what they demand is mandatory here.
"""

from typing import Final

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"

NAMESPACES: Final = {
    version: f"urn:iso:std:iso:20022:tech:xsd:{version}" for version in ("pain.008.001.08", "pain.008.001.02")
}

SCHEMA: Final = f"""\
<xs:schema xmlns="{NAMESPACE}" xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
           targetNamespace="{NAMESPACE}">
  <xs:element name="Document"><xs:complexType><xs:sequence>
    <xs:element name="CstmrDrctDbtInitn" type="Initiation"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Initiation"><xs:sequence>
    <xs:element name="GrpHdr" type="GroupHeader"/>
    <xs:element name="PmtInf" type="PaymentInformation" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="GroupHeader"><xs:sequence>
    <xs:element name="MsgId" type="Identifier"/>
    <xs:element name="CreDtTm" type="xs:dateTime"/>
    <xs:element name="NbOfTxs" type="Count"/>
    <xs:element name="CtrlSum" type="Sum"/>
    <xs:element name="InitgPty" type="InitiatingParty"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="PaymentInformation"><xs:sequence>
    <xs:element name="PmtInfId" type="Identifier"/>
    <xs:element name="PmtMtd"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="DD"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:element name="BtchBookg" type="xs:boolean"/>
    <xs:element name="NbOfTxs" type="Count"/>
    <xs:element name="CtrlSum" type="Sum"/>
    <xs:element name="PmtTpInf" type="PaymentType"/>
    <xs:element name="ReqdColltnDt" type="xs:date"/>
    <xs:element name="Cdtr" type="NamedParty"/>
    <xs:element name="CdtrAcct" type="Account"/>
    <xs:element name="CdtrAgt" type="Agent"/>
    <xs:element name="ChrgBr"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="SLEV"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:element name="CdtrSchmeId" type="CreditorScheme"/>
    <xs:element name="DrctDbtTxInf" type="Transaction" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="PaymentType"><xs:sequence>
    <xs:element name="SvcLvl"><xs:complexType><xs:sequence><xs:element name="Cd">
      <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="SEPA"/></xs:restriction></xs:simpleType>
    </xs:element></xs:sequence></xs:complexType></xs:element>
    <xs:element name="LclInstrm"><xs:complexType><xs:sequence><xs:element name="Cd">
      <xs:simpleType><xs:restriction base="xs:string">
        <xs:enumeration value="CORE"/><xs:enumeration value="B2B"/>
      </xs:restriction></xs:simpleType>
    </xs:element></xs:sequence></xs:complexType></xs:element>
    <xs:element name="SeqTp"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="FRST"/><xs:enumeration value="RCUR"/>
      <xs:enumeration value="FNAL"/><xs:enumeration value="OOFF"/>
    </xs:restriction></xs:simpleType></xs:element>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Transaction"><xs:sequence>
    <xs:element name="PmtId"><xs:complexType><xs:sequence>
      <xs:element name="InstrId" type="Identifier"/>
      <xs:element name="EndToEndId" type="Identifier"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="InstdAmt"><xs:complexType><xs:simpleContent><xs:extension base="Amount">
      <xs:attribute name="Ccy" use="required">
        <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="EUR"/></xs:restriction></xs:simpleType>
      </xs:attribute>
    </xs:extension></xs:simpleContent></xs:complexType></xs:element>
    <xs:element name="DrctDbtTx"><xs:complexType><xs:sequence>
      <xs:element name="MndtRltdInf"><xs:complexType><xs:sequence>
        <xs:element name="MndtId" type="Identifier"/>
        <xs:element name="DtOfSgntr" type="xs:date"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="DbtrAgt" type="Agent"/>
    <xs:element name="Dbtr" type="NamedParty"/>
    <xs:element name="DbtrAcct" type="Account"/>
    <xs:element name="RmtInf"><xs:complexType><xs:sequence>
      <xs:element name="Ustrd" type="Text140"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType>
  <xs:complexType name="InitiatingParty"><xs:sequence>
    <xs:element name="Nm" type="Text70"/>
    <xs:element name="Id"><xs:complexType><xs:sequence><xs:element name="OrgId"><xs:complexType><xs:sequence>
      <xs:element name="Othr"><xs:complexType><xs:sequence>
        <xs:element name="Id" type="Identifier"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType>
  <xs:complexType name="NamedParty"><xs:sequence><xs:element name="Nm" type="Text70"/></xs:sequence></xs:complexType>
  <xs:complexType name="Account"><xs:sequence><xs:element name="Id"><xs:complexType><xs:sequence>
    <xs:element name="IBAN"><xs:simpleType><xs:restriction base="xs:string">
      <xs:pattern value="[A-Z]{{2}}[0-9]{{2}}[a-zA-Z0-9]{{1,30}}"/>
    </xs:restriction></xs:simpleType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:complexType name="Agent"><xs:sequence><xs:element name="FinInstnId"><xs:complexType><xs:choice>
    <xs:element name="BICFI"><xs:simpleType><xs:restriction base="xs:string">
      <xs:pattern value="[A-Z0-9]{{4}}[A-Z]{{2}}[A-Z0-9]{{2}}([A-Z0-9]{{3}})?"/>
    </xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Othr"><xs:complexType><xs:sequence>
      <xs:element name="Id"><xs:simpleType><xs:restriction base="xs:string">
        <xs:enumeration value="NOTPROVIDED"/>
      </xs:restriction></xs:simpleType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:choice></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:complexType name="CreditorScheme"><xs:sequence><xs:element name="Id"><xs:complexType><xs:sequence>
    <xs:element name="PrvtId"><xs:complexType><xs:sequence><xs:element name="Othr"><xs:complexType><xs:sequence>
      <xs:element name="Id" type="Identifier"/>
      <xs:element name="SchmeNm"><xs:complexType><xs:sequence><xs:element name="Prtry">
        <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="SEPA"/></xs:restriction></xs:simpleType>
      </xs:element></xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:simpleType name="Identifier"><xs:restriction base="xs:string">
    <xs:maxLength value="35"/><xs:pattern value="[A-Za-z0-9+?/\\-:().,' ]+"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Text70"><xs:restriction base="xs:string">
    <xs:maxLength value="70"/><xs:pattern value="[A-Za-z0-9+?/\\-:().,' ]+"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Text140"><xs:restriction base="xs:string">
    <xs:maxLength value="140"/><xs:pattern value="[A-Za-z0-9+?/\\-:().,' ]+"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Count"><xs:restriction base="xs:string">
    <xs:pattern value="[1-9][0-9]{{0,14}}"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Sum"><xs:restriction base="xs:decimal">
    <xs:pattern value="[0-9]+\\.[0-9]{{2}}"/><xs:totalDigits value="18"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Amount"><xs:restriction base="xs:decimal">
    <xs:pattern value="[0-9]+\\.[0-9]{{2}}"/><xs:minInclusive value="0.01"/><xs:maxInclusive value="999999999.99"/>
  </xs:restriction></xs:simpleType>
</xs:schema>
"""


def as_version(text: str, version: str) -> str:
    """A schema or file of version 08 in another one: in this part of the message only the namespace and BIC's name differ."""
    if version == "pain.008.001.08":
        return text
    bic = text.replace('name="BICFI"', 'name="BIC"').replace("BICFI>", "BIC>")
    return bic.replace(NAMESPACE, NAMESPACES[version])
